"""What tests of more than one package need; no tests of its own but for itself."""
