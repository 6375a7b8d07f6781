{ imports = [ ./one.nix ]; }
