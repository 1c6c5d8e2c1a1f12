using MimeKit;
using Postseal.TestKit;

namespace Postseal.MailKit.Tests;

/// <summary>A signature speaks for the author whom readers see: MimeKit is one of them.</summary>
public sealed class AuthorTests
{
    public static TheoryData<int, string> ClearForms()
    {
        var data = new TheoryData<int, string>();
        for (var i = 0; i < FromForms.All.Count; i++)
        {
            if (FromForms.All[i].Problem is null)
                data.Add(i, FromForms.All[i].Written);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(ClearForms))]
    public void MimeKit_sees_the_same_authors(int index, string _)
    {
        var form = FromForms.All[index];
        using var stream = new MemoryStream([.. "From:"u8, .. form.Value, .. "\r\n\r\n"u8]);

        var seen = MimeMessage.Load(stream, TestContext.Current.CancellationToken).From.Mailboxes.Select(mailbox => mailbox.Address);

        Assert.Equal(form.Authors, seen, StringComparer.OrdinalIgnoreCase);
    }
}
