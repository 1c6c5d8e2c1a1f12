using FsCheck;
using FsCheck.Fluent;
using Milter.Testing;
using Milter.Tests.Support;
using Postseal.TestKit;

namespace Milter.Tests;

/// <summary>The changes that are sent turn the fields that came into those the filter wants, in either MTA.</summary>
public class HeaderDifferenceTests
{
    private static readonly string[] Names = ["Subject", "X-A", "x-a", "Content-Type", "Received", "X-B"];
    private static readonly string[] Values = [" one", " two", " three\n fold", "tight", "\tTab", " "];

    private static readonly MilterSteps AsSendmailBefore814 = MtaDouble.FullOffer.Steps & ~MilterSteps.HeaderLeadingSpace;

    [Theory]
    [InlineData(MtaKind.Postfix)]
    [InlineData(MtaKind.Sendmail)]
    public void Any_headers_become_any_others_in_their_order(MtaKind kind) =>
        Prop.ForAll(HeaderList(Names, Values).Two().ToArbitrary(), lists =>
            Matches(
                lists.Item2, Transform(
                    kind, lists.Item1, lists.Item2, MtaDouble.FullOffer).Headers)).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(MtaKind.Postfix)]
    [InlineData(MtaKind.Sendmail)]
    public void It_works_where_the_MTA_writes_the_space_after_the_colon(MtaKind kind)
    {
        var spaced = Values.Where(value => value[0] == ' ').ToArray();
        var offer = MtaDouble.FullOffer with { Steps = AsSendmailBefore814 };
        Prop.ForAll(HeaderList(Names, spaced).Two().ToArbitrary(), lists =>
            Matches(lists.Item2, Transform(kind, lists.Item1, lists.Item2, offer).Headers)).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Equal_headers_send_nothing() =>
        Prop.ForAll(HeaderList(Names, Values).ToArbitrary(), list =>
            Transform(MtaKind.Postfix, list, list, MtaDouble.FullOffer).Frames.All(
                frame => frame.Response == MilterResponse.Continue
                || frame.Response == MilterResponse.Accept)).QuickCheckThrowOnFailure();

    [Fact]
    public void Signing_changes_one_field_in_place_deletes_one_and_adds_one()
    {
        MilterHeader[] before =
        [
            new("From", " a@example.org"), new("Content-Type", " text/plain"), new(
                "Content-Transfer-Encoding", " 7bit"), new("Subject", " x"),
        ];
        MilterHeader[] after =
        [
            new("From", " a@example.org"), new("Content-Type", " multipart/signed"), new("Subject", " x"), new(
                "MIME-Version", " 1.0"),
        ];

        var result = Transform(MtaKind.Postfix, before, after, MtaDouble.FullOffer);

        Assert.Equal(after, result.Headers);
        Assert.Equal(
            [MilterResponse.AddHeader, MilterResponse.ChangeHeader, MilterResponse.ChangeHeader, MilterResponse.Accept],
            result.Frames.Select(frame => frame.Response).Where(response => response != MilterResponse.Continue));
    }

    [Fact]
    public void A_field_on_top_goes_below_the_Received_of_the_MTA()
    {
        MilterHeader[] before = [new("Subject", " x")];

        var result = Transform(
            MtaKind.Postfix, before, [new("Authentication-Results", " none"), .. before], MtaDouble.FullOffer);

        var insert = Assert.Single(result.Frames, frame => frame.Response == MilterResponse.InsertHeader);
        Assert.Equal([0, 0, 0, 1], insert.Payload[..4].ToArray());
    }

    [Fact]
    public void Fields_in_reverse_take_no_quadratic_time() => Assert.True(CpuTime.IsLinear(
        count =>
        {
            var before = Enumerable.Range(0, count).Select(i => new MilterHeader("X-A", $" {i}")).ToArray();
            MilterHeader[] after = [.. before.Reverse()];
            return () => HeaderDifference.Write(before, after, null, new MilterChanges(MtaDouble.FullOffer));
        },
        size: 10_000));

    private static MtaResult Transform(
        MtaKind kind, MilterHeader[] before, MilterHeader[] after, MilterNegotiation offer) =>
        TransformAsync(kind, before, after, offer).GetAwaiter().GetResult();

    private static async Task<MtaResult> TransformAsync(
        MtaKind kind, MilterHeader[] before, MilterHeader[] after, MilterNegotiation offer)
    {
        await using var server = new TestServer(_ => MilterDecision.Replace(after));
        await using var mta = await server.MtaAsync(kind, offer);
        return await mta.SendAsync(new MtaMessage { Headers = before }, TestServer.Cancel);
    }

    private static bool Matches(MilterHeader[] wanted, IReadOnlyList<MilterHeader> got) =>
        wanted.SequenceEqual(got)
            ? true
            : throw new InvalidOperationException(
                $"wanted\n{string.Join('\n', wanted)}\ngot\n{string.Join('\n', got)}");

    private static Gen<MilterHeader[]> HeaderList(string[] names, string[] values) =>
        Gen.ArrayOf(
            from name in Gen.Elements(names)
            from value in Gen.Elements(values)
            select new MilterHeader(name, value));
}
