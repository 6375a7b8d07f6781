{ x = [ "one" ]; }
