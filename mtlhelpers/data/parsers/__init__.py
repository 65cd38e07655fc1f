"""Publishers' own files made into sentences, one module a publisher."""
