namespace Postseal.MailKit.Tests;

public sealed class MailKitIsAbsent
{
    [Fact(Skip = "MailKit is not in the configured package sources")]
    public void Mail_is_signed_through_MailKit()
    {
    }
}
