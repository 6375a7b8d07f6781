# Assertions and warnings of hosts and homes.
{ lib }:
let
  systems = import ../systems;
  host =
    modules: systems.nixosSystem { modules = modules ++ [ { nixpkgs.hostPlatform = "x86_64-linux"; } ]; };
  drvPath = modules: (host modules).config.system.build.toplevel.drvPath;
  failing = message: {
    assertions = [
      {
        assertion = false;
        inherit message;
      }
    ];
  };
  withHome = home: {
    imports = [ systems.home-manager.nixosModules.home-manager ];
    home-manager.users.ada = {
      imports = [ home ];
      home.stateVersion = "25.11";
    };
  };
in
{
  equal = {
    true-assertion = {
      expr = lib.hasSuffix ".drv" (drvPath [ { assertions = [ { assertion = true; message = "fine"; } ]; } ]);
      expected = true;
    };
    warnings-are-readable = {
      expr = (host [ { warnings = [ "look out" ]; } ]).config.warnings;
      expected = [ "look out" ];
    };
    warnings-do-not-fail = {
      expr = lib.hasSuffix ".drv" (drvPath [ { warnings = [ "look out" ]; } ]);
      expected = true;
    };
    warnings-of-users = {
      expr = (host [ (withHome { warnings = [ "look out" ]; }) ]).config.warnings;
      expected = [ "ada profile: look out" ];
    };
  };

  throws = {
    failed-assertions = {
      expr = drvPath [ (failing "first") (failing "second") ];
      message = "Failed assertions:\n- second\n- first";
    };
    failed-assertion-of-user = {
      expr = drvPath [ (withHome (failing "not at home")) ];
      message = "Failed assertions:\n- ada profile: not at home";
    };
    failed-assertion-of-home = {
      expr =
        (systems.home-manager.lib.homeManagerConfiguration {
          pkgs = (import ../pkgs).shared.x86_64-linux;
          modules = [
            (failing "not at home")
            {
              home = {
                username = "ada";
                homeDirectory = "/home/ada";
                stateVersion = "25.11";
              };
            }
          ];
        }).activationPackage.drvPath;
      message = "Failed assertions:\n- not at home";
    };
  };
}
