using System.Text.Json;

namespace Porthor.Server.Values;

internal static class JsonText
{
    /// <summary>Reads a JSON string. Returns null if it contains half of a surrogate pair, which no store can keep.</summary>
    public static string? Read(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
