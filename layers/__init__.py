"""The domain of the Risk Atlas: what the atlas consists of and how risk follows from it."""
