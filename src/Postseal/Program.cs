using Postseal.Program;

return await CommandLine.RunAsync(args, Console.Out, Console.Error);
