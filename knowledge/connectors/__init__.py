"""One module per kind of source. Each has `read(folder)` and gives documents; a broken item is named, not fatal."""
