"""Tests of campaigns, by wing and door."""
