"""The codecs, one a module; the table in ``compressor.stages`` names them."""
