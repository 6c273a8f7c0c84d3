"""One module per neighbour. They turn transport failures into the error tree of `contracts.errors`."""
