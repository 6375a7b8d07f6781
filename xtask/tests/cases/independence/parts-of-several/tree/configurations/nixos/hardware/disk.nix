{
  environment.etc.disk.text = "one";
}
