"""The demo: the whole portal on one machine with a simulated vendor, which does its main job before one's eyes."""
