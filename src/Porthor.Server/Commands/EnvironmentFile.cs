using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Porthor.Server.Platform;

namespace Porthor.Server.Commands;

/// <summary>
/// Reads variables from a file in the syntax of systemd's <c>EnvironmentFile=</c> (systemd.exec(5)), so that a command has the
/// environment of the service.
/// </summary>
internal static partial class EnvironmentFile
{
    /// <summary>The name of the option that every command has.</summary>
    public const string OptionName = "--env-file";

    private const long MaxLength = 1024 * 1024;

    private static readonly string[] Prefixes = ["PORTHOR_", "GAFAELFAWR_"];
    private static readonly string[] DescriptorFolders = ["/dev/fd/", "/proc/self/fd/"];

    /// <summary>
    /// Sets the variables of a file in this process. They replace variables of the same name with either prefix, so that a variable that
    /// was exported in the shell cannot select a different deployment.
    /// </summary>
    /// <exception cref="CommandFailure">The file cannot be read, or a name in it is not a valid variable name.</exception>
    public static void Apply(string path)
    {
        foreach (var (name, value) in Parse(path, Read(path)))
        {
            foreach (var prefix in Prefixes.Where(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
            {
                foreach (var other in Prefixes)
                    Set(other + name[prefix.Length..], value: null);
            }
            Set(name, value);
        }
    }

    /// <summary>Returns the assignments in a text, in their order.</summary>
    /// <param name="path">The name of the file, for messages.</param>
    /// <exception cref="CommandFailure">A name is not valid.</exception>
    public static IReadOnlyList<(string Name, string Value)> Parse(string path, string text)
    {
        List<(string Name, string Value)> variables = [];
        var reader = new EnvironmentFileReader(text);
        while (reader.ReadNext() is var (name, value, line))
        {
            if (!IsName(name))
                throw new CommandFailure(
                    $"{path}, line {line}: the text before '=' is not a variable name. Write NAME=VALUE, without 'export'.");
            variables.Add((name, value));
        }
        return variables;
    }

    private static bool IsName(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static string Read(string path)
    {
        try
        {
            using var stream = Open(path);
            using var reader = new StreamReader(
                stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
            var text = new StringBuilder();
            var buffer = new char[4096];
            for (var count = reader.Read(buffer); count > 0; count = reader.Read(buffer))
            {
                text.Append(buffer, 0, count);
                if (text.Length > MaxLength)
                    throw new CommandFailure($"The environment file {path} is longer than {MaxLength / 1024} KiB.");
            }
            if (text.ToString().Contains('\0', StringComparison.Ordinal))
                throw new CommandFailure($"The environment file {path} contains a NUL character.");
            return text.ToString();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException or ArgumentException)
        {
            throw new CommandFailure($"The environment file {path} cannot be read: {e.Message}");
        }
    }

    /// <summary>
    /// Opens a file. If the path names a descriptor of this process, the descriptor itself is used, because the process that opened it
    /// may have had permissions that this one does not have (see <c>porthor-admin</c>).
    /// </summary>
    private static FileStream Open(string path)
    {
        foreach (var folder in DescriptorFolders)
        {
            if (path.StartsWith(folder, StringComparison.Ordinal) && int.TryParse(path.AsSpan(folder.Length), out var descriptor)
                && descriptor > 2)
                return new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read);
        }
        if (SecretFile.FindRisk(path) is { } risk)
            throw new CommandFailure($"The environment file {path} cannot be used: {risk}");
        return File.OpenRead(path);
    }

    private static void Set(string name, string? value)
    {
        Environment.SetEnvironmentVariable(name, value);
        if (!OperatingSystem.IsLinux())
            return;
        // Libraries in C, such as Kerberos, read the variables of the process. The variables of .NET are a copy.
        if (value is null)
            _ = UnsetVariable(name);
        else
            _ = SetVariable(name, value, overwrite: 1);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int UnsetVariable(string name);
}
