"""The interactive door: `gatesh` on a terminal, a line editor in front and one real bash behind it."""
