"""The `frontdesk` command-line program and the local run behind `make up`."""
