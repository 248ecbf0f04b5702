"""The Python API: profiles of data in memory, and the judging of data by them."""
