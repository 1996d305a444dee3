"""The names in the table of stages: codecs, those that need a base, and filters with chains that use them."""

from compressor.stages import TABLE, stage_by_name

FILTERS = [name for name in TABLE if stage_by_name(name).outputs]
BASED = [name for name in TABLE if stage_by_name(name).based]
CODECS = [name for name in TABLE if name not in FILTERS + BASED]


def under(filter_text: str, codec: str) -> str:
    """Return a chain: all streams of a filter with its options go to one codec."""
    name, *options = filter_text.split(":")
    known = {option.name: option for option in stage_by_name(name).options}
    pairs = [option.split("=") for option in options]
    values = {key: value if known[key].choices else int(value) for key, value in pairs}
    outputs = stage_by_name(name).count_outputs(values)
    return f"{filter_text}({','.join([codec] * outputs)})"
