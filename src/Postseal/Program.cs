Console.WriteLine("postseal");
