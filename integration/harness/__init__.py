"""What drives Postseal through real MTAs and has the result judged by programs that share no code with it."""
