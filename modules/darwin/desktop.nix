# The desktop of the primary user.
{
  system.defaults = {
    NSGlobalDomain = {
      AppleInterfaceStyle = "Dark";
      InitialKeyRepeat = 15;
      KeyRepeat = 2;
    };
    dock = {
      autohide = true;
      show-recents = false;
    };
    finder = {
      AppleShowAllExtensions = true;
      FXPreferredViewStyle = "Nlsv";
    };
  };
  homebrew = {
    enable = true;
    onActivation.cleanup = "uninstall";
    casks = [ "ghostty" ];
  };
}
