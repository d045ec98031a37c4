-- Which machine identity let a session in, so that it ends with it.
ALTER TABLE session ADD COLUMN machine TEXT;
