"""Turn trained weights into what serves."""
