{
  home = {
    username = "ada";
    homeDirectory = "/home/ada";
    stateVersion = "25.11";
  };
}
