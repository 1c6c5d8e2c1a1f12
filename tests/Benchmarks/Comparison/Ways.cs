namespace Postseal.Benchmarks.Comparison;

/// <summary>The ways and conditions of measurements that both the measuring and the reporting name.</summary>
internal static class Ways
{
    public const string Unix = "unix";
    public const string Tcp = "tcp";
    public const string SmtpUnix = "smtp-unix";
    public const string SmtpTcp = "smtp-tcp";
    public const string NoMilter = "smtp";

    /// <summary>Behind a way through Postfix: until the last message is delivered, not just accepted.</summary>
    public const string Delivered = ", delivered";

    public const string Core = "core";
    public const string Speed = "speed";

    public const string PeakMemory = "peak memory above idle";
    public const string BoundedMemory = "peak memory above idle, bounded";
    public const string Start = "start to listening";
    public const string IdleMemory = "idle memory";
    public const string FileSize = "size of the program";

    public const string FirstMessages = "first messages of a connection";
    public const string LastMessages = "last messages of a connection";
    public const string Plain = "nothing special";
    public const string ManyAddresses = "many addresses";
    public const string ManyIdle = "many idle connections";
    public const string ManyHeaders = "many header fields";
    public const string MemoryEarly = "memory after few messages";
    public const string MemoryLate = "memory after many messages";
}
