-- When the people of a campaign were taken out of the database. What it was and its counts stay, and nothing moves it any more.
ALTER TABLE campaign ADD COLUMN pruned_at INTEGER CHECK (pruned_at IS NULL OR state IN (7, 8));
