{
  boot.isContainer = true;
}
