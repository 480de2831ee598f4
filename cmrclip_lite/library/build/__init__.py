"""An exam on its way into a library: read, laid out as a clip, and embedded."""
