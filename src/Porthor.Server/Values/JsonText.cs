using System.Text.Json;

namespace Porthor.Server.Values;

/// <summary>Reads strings of JSON.</summary>
internal static class JsonText
{
    /// <summary>Reads a JSON string. Returns null if it contains half of a surrogate pair, because no store accepts such a text.</summary>
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
