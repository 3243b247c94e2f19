"""What the HTTP faces share: keys, pages, middleware, words for refusals."""
