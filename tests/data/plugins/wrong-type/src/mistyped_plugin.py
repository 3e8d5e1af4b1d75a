FRAMEWORK = {"name": "mistyped"}
