"""The robust scheme: what survives what, how fast it is, and how easily it is found."""
