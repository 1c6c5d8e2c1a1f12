using Postseal.Mime;
using Postseal.TestKit;

namespace Postseal.Tests.Mime;

public class ContentTypeTests
{
    [Theory]
    [InlineData(" text/plain; charset=UTF-8", "text/plain", "charset", "UTF-8")]
    [InlineData(" TEXT / Plain ; Charset = \"utf-8\" ; format=flowed", "text/plain", "charset", "utf-8")]
    [InlineData(" multipart/mixed;\r\n\tboundary=\"a b\\\"c\"", "multipart/mixed", "boundary", "a b\"c")]
    [InlineData(" multipart/mixed; boundary=\"fol\r\n ded\"", "multipart/mixed", "boundary", "fol ded")]
    [InlineData(" (c) multipart (c(c)) / (c) mixed (c); (c) boundary (c) = (c) x (c)", "multipart/mixed", "boundary", "x")]
    [InlineData(" multipart/mixed;; ; boundary=x;;", "multipart/mixed", "boundary", "x")]
    [InlineData(" multipart/mixed boundary=x; charset=y", "multipart/mixed", "boundary", null)]
    [InlineData(" multipart/mixed; boundary=\"x\" charset=y", "multipart/mixed", "charset", "y")]
    [InlineData(" multipart/mixed; boundary=----=_Part/1:2?", "multipart/mixed", "boundary", "----=_Part/1:2?")]
    [InlineData(" multipart/mixed; boundary=\"open", "multipart/mixed", "boundary", "open")]
    [InlineData(" multipart/mixed; junk; =; \"q\"; boundary=x junk", "multipart/mixed", "boundary", "x junk")]
    [InlineData(" multipart/mixed; boundary=x; boundary=y", "multipart/mixed", "boundary", "x")]
    [InlineData(" a/b; boundary*1=\"two\"; boundary*0=\"one\"", "a/b", "boundary", "onetwo")]
    [InlineData(" a/b; name*=utf-8'en'%C3%A4%zz", "a/b", "name", "ä%zz")]
    [InlineData(" a/b; name*0*=utf-8''%C3%A4; name*1=%41; name*3=lost", "a/b", "name", "ä%41")]
    [InlineData(" application/x-y; name=my file.p7m", "application/x-y", "name", "my file.p7m")]
    [InlineData(" text/plain", "text/plain", "charset", null)]
    [InlineData(" text/plain; charset", "text/plain", "charset", null)]
    public void Parameter_is_found_as_mail_readers_find_it(string field, string mediaType, string name, string? value)
    {
        var type = ContentType.Parse(Text.Bytes(field));

        Assert.Equal(mediaType, type?.MediaType);
        Assert.Equal(value, type?.Parameter(name));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" text")]
    [InlineData(" text/")]
    [InlineData(" /plain")]
    [InlineData(" ; charset=x")]
    [InlineData(" a/b/c")]
    public void Without_type_and_subtype_there_is_no_content_type(string field) =>
        Assert.Null(ContentType.Parse(Text.Bytes(field)));

    [Theory]
    [InlineData("(")]
    [InlineData("a= (c)")]
    [InlineData(";a=\"\\")]
    [InlineData("=")]
    public void Junk_is_read_in_linear_time(string junk)
    {
        Assert.Equal("text/plain", ContentType.Parse(Field(1000))?.MediaType);
        Assert.True(CpuTime.IsLinear(count => { var field = Field(count); return () => ContentType.Parse(field); }, 100_000));

        byte[] Field(int count) => Text.Bytes(" text/plain;" + string.Concat(Enumerable.Repeat(junk, count)));
    }
}
