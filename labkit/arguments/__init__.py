"""Arguments before they are used: their types, checks, meanings, signatures, and old spellings."""
