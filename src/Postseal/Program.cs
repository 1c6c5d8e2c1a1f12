using Postseal.Program;
using Postseal.Program.Terminal;

return await CommandLine.RunAsync(args, new StandardStreams());
