namespace Porthor.Server.Tests.Ingress;

public sealed partial class CredentialRemovalTests
{
    /// <summary>Received headers and the forwarded values; null if the header is removed.</summary>
    public static TheoryData<string, string?> Authorizations => new()
    {
        { $"Bearer {Ours}", null },
        { $"BEARER   {Ours}", null },
        { $"bearer\t{Ours}", null },
        { $"Basic {Encoded($"{Ours}:x")}", null },
        { $"Basic  {Encoded($"x:{Ours}")}", null },
        { $"Basic {Encoded($"x:y:{Ours}")}", null },
        { $"Basic {Encoded("x:y")}", $"Basic {Encoded("x:y")}" },
        { "basic", "basic" },
        { "basic notreally:base64", "basic notreally:base64" },
        { "some broken stuff", "some broken stuff" },
        { $"token {Ours}", null },
        { $"Bearer {Ours},Digest b", null },
        { $"Bearer {Ours}\t,\tDigest b", null },
        { $"Digest b, Bearer {Ours}", null },
        { $"Digest b,Basic {Encoded($"x:{Ours}")}", null },
        { Ours, null },
        { "custom a\tb", "custom a\tb" },
        { "custom a\u0001\u001b[31mb", "custom a??[31mb" },
    };

    public static TheoryData<string, string?> Cookies => new()
    {
        { "gafaelfawr=blah", null },
        { "gafaelfawr=blah; _other=somevalue", "_other=somevalue" },
        { "foo=bar; gafaelfawr=blah; gafaelfawrblah=blah", "foo=bar; gafaelfawrblah=blah" },
        { "gafaelfawr=blah; foo=bar; invalid", "foo=bar; invalid" },
        { "gafaelfawr", "gafaelfawr" },
        { "a=b;gafaelfawr=stolen", "a=b" },
        { "a=b;  gafaelfawr=stolen", "a=b" },
        { "a=b; gafaelfawr =stolen;\tgafaelfawr=again", "a=b" },
        { "a=b;c=d", "a=b;c=d" },
        { "gafaelfawr=blah; a=\u0001\u001b[31m", "a=??[31m" },
        { $"other={Ours}; a=b", "a=b" },
        { $"other={Ours.Replace(".", "%2E", StringComparison.Ordinal)}; a=b", "a=b" },
    };
}
