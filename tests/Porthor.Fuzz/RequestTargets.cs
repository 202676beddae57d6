using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Porthor.History;
using Porthor.Server.Api;
using Porthor.Server.Api.Validation;
using Porthor.Server.Http;
using Porthor.Server.Ingress;
using Porthor.Values;
using static Porthor.Fuzz.FuzzException;

namespace Porthor.Fuzz;

/// <summary>
/// Parsers of parts of requests: queries, bodies, and headers of proxies. A documented error is correct; any other exception is a bug.
/// </summary>
internal static class RequestTargets
{
    private static readonly TrustedProxies Proxies = new(
        [AddressBlock.Parse("127.0.0.0/8"), AddressBlock.Parse("10.0.0.0/8"), AddressBlock.Parse("::1")]);

    public static readonly FuzzTarget[] All =
    [
        FuzzTarget.OfText("cursor", ["p", "_", "1782907200", "2147483647", "99999999999999999999"], CheckCursor),
        FuzzTarget.OfText(
            "query",
            ["scope=", "&", "service=", "delegate_to=", "delegate_scope=", "minimum_lifetime=", "notebook=true", "satisfy=any", "%", "+",
                "%00", "%ff", "=", "limit=", "key=", "since=", "ip_address="],
            CheckQuery),
        FuzzTarget.OfText("forwarded", [", ", "10.0.0.1", "::1", "http", "https", "|", "/", "@", "example.com", ":80"], CheckForwarded),
        new("body", ["{", "}", "[", "]", "\"", "\"scopes\":", "\"token_name\":", "\"expires\":", "\"username\":", "\"groups\":", "\\ud800",
            "1e999", "null"], CheckBody),
    ];

    private static void CheckCursor(string text)
    {
        var errors = new ValidationErrors();
        var context = new DefaultHttpContext { Request = { QueryString = QueryString.Create("cursor", text) } };
        try
        {
            if (new ParameterReader(context, errors).QueryCursor() is not { } sound || errors.Any)
                return;
            var cursor = HistoryCursor.Parse(sound);
            Require(HistoryCursor.Parse(cursor.ToString()) == cursor, "reading a written cursor returns the same cursor");
            Require(cursor.Reversed().Reversed() == cursor, "reversing a cursor twice returns the same cursor");
        }
        catch (PorthorException)
        {
            // The cursor is out of range.
        }
    }

    private static void CheckQuery(string text)
    {
        var context = new DefaultHttpContext { Request = { QueryString = new QueryString("?" + text) } };
        IgnoreDocumentedErrors(() =>
        {
            var errors = new ValidationErrors();
            var parameters = new IngressParameters(context.Request, new OriginalTarget(text, "GET"));
            parameters.ReadRule(errors)?.FindContradiction();
            _ = parameters.Warnings(new Dictionary<string, string> { ["read:all"] = "" });
            parameters.ReadOriginal(errors);
        });
        IgnoreDocumentedErrors(() =>
        {
            var errors = new ValidationErrors();
            var reader = new ParameterReader(context, errors);
            reader.QueryUsername();
            reader.QueryActor();
            reader.QueryKey();
            reader.QueryCursor();
            reader.QueryAddress();
            reader.QueryLimit();
            errors.ThrowIfAny();
        });
    }

    /// <summary>Splits the text into headers.</summary>
    private static void CheckForwarded(string text)
    {
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Loopback } };
        foreach (var (name, value) in ((string[])[
            "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Uri"]).Zip(text.Split('|')))
            context.Request.Headers.Append(name, value);
        context.Features.Set(ForwardedClient.Find(context, Proxies));
        IgnoreDocumentedErrors(() =>
        {
            if (ForwardAuthRequest.TryRead(context, Proxies, out _) is { } forwarded)
                Require(
                    Uri.TryCreate(forwarded.Url, UriKind.Absolute, out _) || forwarded.Url.Contains("//", StringComparison.Ordinal),
                    "the URL of the request is valid");
        });
    }

    private static void CheckBody(byte[] data)
    {
        foreach (var read in (Action<JsonFields>[])[body => TokenBodies.ReadAdminToken(body), body => TokenBodies.ReadUserToken(body),
            body => TokenBodies.ReadEdit(body), body => QuotaBodies.ReadPlan(body)])
        {
            IgnoreDocumentedErrors(() =>
            {
                var context = new DefaultHttpContext { Request = { ContentType = "application/json", Body = new MemoryStream(data) } };
                var errors = new ValidationErrors();
                // The body is in memory, so the task is already completed.
                if (JsonBody.ReadAsync(context.Request, CancellationToken.None).GetAwaiter().GetResult().Fields(errors) is { } fields)
                    read(fields);
                var answer = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
                if (errors.Any)
                    Problem.Of(errors).WriteAsync(answer.Response).GetAwaiter().GetResult();
                Encoding.UTF8.GetString(((MemoryStream)answer.Response.Body).ToArray());
            });
        }
    }

    private static void IgnoreDocumentedErrors(Action read)
    {
        try
        {
            read();
        }
        catch (Exception e) when (e is ProblemException or PorthorException)
        {
            // Expected.
        }
    }
}
