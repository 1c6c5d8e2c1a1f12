using Postseal.Mail;
using Postseal.Verification;

namespace Postseal.Tests.Verification;

/// <summary>The Date field, as signing times are held against it.</summary>
public sealed class SentDateTests
{
    [Theory]
    [InlineData("Fri, 27 Nov 2026 10:00:00 +0100", "2026-11-27T09:00:00Z")]
    [InlineData("27 Nov 2026 10:00:00 +0000", "2026-11-27T10:00:00Z")]
    [InlineData("Fri, 27 Nov 2026 10:00 -0500", "2026-11-27T15:00:00Z")]
    [InlineData("Fri,  7 Nov 2026 10:00:00 GMT (Greenwich (Mean))", "2026-11-07T10:00:00Z")]
    [InlineData("Fri, 27 Nov 2026 10:00:00 +0100 (GMT+01:00)", "2026-11-27T09:00:00Z")]
    [InlineData("(a) fri , 07 (b) NOV 2026 10:00:00 -0000", "2026-11-07T10:00:00Z")]
    [InlineData("Mon, 27 Nov 2026 10:00:00 PST", "2026-11-27T18:00:00Z")]
    [InlineData("Fri,\r\n\t27 Nov 2026\r\n 10:00:00 +0530", "2026-11-27T04:30:00Z")]
    public void A_date_is_read(string value, string expected) =>
        Assert.Equal(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), SentDate.Of([new HeaderField("Date", " " + value)]));

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("Fri, 31 Feb 2026 10:00:00 +0100")]
    [InlineData("Fri, 27 Nov 2026 10:00:00")]
    [InlineData("Fri, 27 Nov 2026 10:00:00 +01000")]
    [InlineData("2026-11-27T10:00:00Z")]
    [InlineData("(Sat, 28 Nov 2026 10:00:00 +0000) Fri, 27 Nov 2026 10:00:00 +0000")]
    [InlineData("Fri, 27 Nov 2026 10:00:00 +0100, 28 Nov 2026 10:00:00 +0100")]
    public void What_is_no_date_is_none(string value) => Assert.Null(SentDate.Of([new HeaderField("Date", " " + value)]));

    [Fact]
    public void Of_two_dates_nobody_knows_which_a_reader_shows()
    {
        var date = new HeaderField("Date", " Fri, 27 Nov 2026 10:00:00 +0100");

        Assert.Null(SentDate.Of([date, date]));
        Assert.Null(SentDate.Of([]));
    }
}
