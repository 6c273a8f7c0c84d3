"""What processes share: frozen wire models, the error tree, the tables. Nothing here opens, connects or reads."""
