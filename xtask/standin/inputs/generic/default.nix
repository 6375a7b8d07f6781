# `import inputs.systems`: the one input of unknown kind that is commonly imported as a file.
[
  "aarch64-darwin"
  "aarch64-linux"
  "x86_64-darwin"
  "x86_64-linux"
]
