using System.IO.Compression;
using System.Text;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class OidcReplyTests
{
    private static ExternalReply Encoded(string kind, ExternalReply reply) => kind switch
    {
        "gzip" or "GZIP" or "deflate" or "br" => Compress(kind, Encoding.UTF8.GetBytes(reply.Body)),
        "utf-8 mark" => reply with { Bytes = [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(reply.Body)] },
        "gzip and mark" => Compress("gzip", [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(reply.Body)]),
        "utf-16" => reply with { Bytes = [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(reply.Body)] },
        "utf-16 without mark" => reply with { Bytes = Encoding.Unicode.GetBytes(reply.Body) },
        "utf-16be" => reply with { Bytes = Encoding.BigEndianUnicode.GetBytes(reply.Body) },
        "utf-32" => reply with { Bytes = [.. Encoding.UTF32.Preamble, .. Encoding.UTF32.GetBytes(reply.Body)] },
        "latin-1" => reply with
        {
            Bytes = Encoding.Latin1.GetBytes(reply.Body.Insert(1, "\"caf\u00e9\":1,")),
            ContentType = "application/json;charset=ISO-8859-1"
        },
        "odd content type" => reply with { ContentType = "application/json; charset=\"nonsense" },
        "no content type" => reply with { ContentType = null },
        _ => reply with { ContentType = "text/html; charset=x" },
    };

    private static ExternalReply CreateInvalidReply(string kind)
    {
        const int large = 200_000_000;
        var text = Encoding.UTF8.GetBytes("""{"id_token":"a.b.c"}""");
        ExternalReply Claiming(string encoding, byte[] bytes) => new(200, "") { Bytes = bytes, Headers = [("Content-Encoding", encoding)] };
        return kind switch
        {
            "nested" => new ExternalReply(200, new string('[', 100_000)),
            "large" => new ExternalReply(200, $"{{\"id_token\":\"{new string('x', 5_000_000)}\"}}"),
            "gzip bomb" => Compress("gzip", zeros: large),
            "br bomb" => Compress("br", zeros: large),
            "no gzip" => Claiming("gzip", text),
            "no deflate" => Claiming("deflate", text),
            "no br" => Claiming("br", text),
            "cut gzip" => Claiming("gzip", Compress("gzip", text).Bytes![..^12]),
            _ => Claiming("compress", [0x1F, 0x9D, 1, 2, 3]),
        };
    }

    private static ExternalReply Compress(string encoding, byte[]? bytes = null, int zeros = 0)
    {
        using var packed = new MemoryStream();
        using (Stream packer = encoding.ToUpperInvariant() switch
        {
            "GZIP" => new GZipStream(packed, CompressionLevel.Fastest),
            "DEFLATE" => new ZLibStream(packed, CompressionLevel.Fastest),
            _ => new BrotliStream(packed, CompressionLevel.Fastest),
        })
        {
            packer.Write(bytes ?? []);
            var block = new byte[100_000];
            for (var written = 0; written < zeros; written += block.Length)
                packer.Write(block);
        }
        return new ExternalReply(200, "") { Bytes = packed.ToArray(), Headers = [("Content-Encoding", encoding)] };
    }
}
