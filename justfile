# Switching a machine to this repository. Everything that checks or builds is `cargo xtask`.

_default:
    @just --list

# NixOS host, on that host
activate-nixos host:
    nixos-rebuild switch --sudo --flake '.#{{ host }}'

# Mac, on that Mac
activate-darwin host:
    sudo darwin-rebuild switch --flake '.#{{ host }}'

# home without a system configuration, for example raquel@blackphos
activate-home home:
    home-manager switch -b backup --flake '.#{{ home }}'
