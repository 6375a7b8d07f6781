"aarch64-darwin"
