using System.Text;
using Milter;

namespace Postseal.Benchmarks.Load;

/// <summary>What has to come of each message of a load. Every answer is held against it, not only the samples.</summary>
/// <param name="fault">What is wrong where something else came of it.</param>
internal sealed class ExpectedAnswer(string fault)
{
    private readonly byte[] field = "Authentication-Results\0"u8.ToArray();

    /// <summary>Gets what is wrong where something else came of it.</summary>
    public string Fault => fault;

    /// <summary>Gets a result that has to stand in an Authentication-Results, the only change; empty where there is no such field.</summary>
    public byte[] Result { get; private init; } = [];

    private bool IsChanged { get; init; }

    private bool MayAskForTheBody { get; init; } = true;

    /// <summary>Expects that the message comes back changed: samples tell later whether rightly.</summary>
    public static ExpectedAnswer Signed() => new("A message came back unsigned.") { IsChanged = true };

    /// <summary>Expects a verdict, as <c>smime=pass</c>, and nothing else.</summary>
    public static ExpectedAnswer Verified(string result) =>
        new($"A message came back without {result}, or with other changes.") { IsChanged = true, Result = Encoding.ASCII.GetBytes(result) };

    /// <summary>Expects that the message is left alone.</summary>
    /// <param name="mayAskForTheBody">Whether the milter may have its body sent all the same.</param>
    public static ExpectedAnswer Untouched(bool mayAskForTheBody) =>
        new(mayAskForTheBody ? "A message was changed." : "A message was changed, or its body asked for.") { MayAskForTheBody = mayAskForTheBody };

    /// <summary>Determines whether a change is the field that is expected, with the result in it.</summary>
    public bool IsVerdict(MilterResponse response, ReadOnlySpan<byte> payload) =>
        response is MilterResponse.InsertHeader or MilterResponse.AddHeader && Result.Length > 0
        && payload.IndexOf(field) >= 0 && payload.IndexOf(Result) >= 0;

    /// <summary>Determines whether that is what has to come of a message.</summary>
    public bool IsMetBy(int changes, bool hasVerdict, bool bodyWasSent) =>
        (IsChanged ? changes > 0 : changes == 0) && (Result.Length == 0 || hasVerdict && changes == 1) && (MayAskForTheBody || !bodyWasSent);
}
