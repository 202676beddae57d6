using System.Text.Json.Nodes;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class IdTokenTests
{
    private static string Forge(string kind, JsonObject claims, LoginSite site)
    {
        var (key, other) = (site.Oidc.Key, new SigningKey("some-kid"));
        var good = key.Sign(claims);
        JsonObject Header(string algorithm) => new() { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = "some-kid" };
        switch (kind)
        {
            case "other key":
                return other.Sign(claims);
            case "changed":
                claims["uid"] = "other-user";
                return $"{good.Split('.')[0]}.{SigningKey.Encode(claims)}.{good.Split('.')[2]}";
            case "no signature":
                return $"{good.Split('.')[0]}.{good.Split('.')[1]}.";
            case "none":
                return $"{SigningKey.Encode(Header("none"))}.{SigningKey.Encode(claims)}.";
            case "hmac":
                // The public key is used as an HMAC secret.
                var text = $"{SigningKey.Encode(Header("HS256"))}.{SigningKey.Encode(claims)}";
                var secret = Convert.FromBase64String(key.Public()["n"]!.GetValue<string>().Replace('-', '+').Replace('_', '/') + "==");
                var mac = System.Security.Cryptography.HMACSHA256.HashData(secret, System.Text.Encoding.ASCII.GetBytes(text));
                return $"{text}.{System.Buffers.Text.Base64Url.EncodeToString(mac)}";
            case "rs512":
                return key.Sign(Header("RS512"), claims);
            case "no kid":
                return key.Sign(new JsonObject { ["alg"] = "RS256" }, claims);
            case "other kid":
                return key.Sign(new JsonObject { ["alg"] = "RS256", ["kid"] = "other-kid" }, claims);
            case "own key":
                var header = Header("RS256");
                header["jwk"] = other.Public();
                header["jku"] = "https://evil.example.org/jwks";
                return other.Sign(header, claims);
            case "list":
                return $"{SigningKey.Encode(Header("RS256"))}.{SigningKey.Encode(new JsonArray("a"))}.AAAA";
            case "encrypted":
                return "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00iLCJraWQiOiJzb21lLWtpZCJ9.AAAA.AAAA.AAAA.AAAA";
            case "empty":
                return "";
            default:
                return "not.a.jwt";
        }
    }
}
