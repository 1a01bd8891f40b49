"""The official account's callback: who calls is proved, what they say is read, the answer is written."""
