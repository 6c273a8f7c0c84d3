"""The knowledge base: connectors read sources into the store, the index finds passages, the API serves them."""
