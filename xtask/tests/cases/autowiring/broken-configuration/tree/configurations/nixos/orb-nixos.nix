throw "orb-nixos is broken"
