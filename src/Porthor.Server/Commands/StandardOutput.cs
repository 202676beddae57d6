using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Porthor.Server.Commands;

/// <summary>
/// Prints secrets on standard output, and reports every failure. The console of .NET does not report that the reader has closed the pipe.
/// If standard output is closed, the runtime may use its descriptor number for another file or pipe.
/// </summary>
internal static partial class StandardOutput
{
    private const int Descriptor = 1;
    private const int GetFlags = 3;
    private const int AccessMode = 3;
    private const int ReadOnly = 0;
    private const int Interrupted = 4;
    private const int TryAgain = 11;

    /// <summary>Checks that a secret can be printed, before a command creates it.</summary>
    /// <exception cref="StandardOutputException">Standard output is closed.</exception>
    public static void Require()
    {
        if (IsClosed())
            throw new StandardOutputException("it is closed");
    }

    /// <summary>Prints a line.</summary>
    /// <exception cref="StandardOutputException">The line cannot be written completely.</exception>
    public static void WriteLine(string text)
    {
        if (!OperatingSystem.IsLinux())
        {
            Console.Out.WriteLine(text);
            return;
        }
        Require();
        ReadOnlySpan<byte> buffer = Encoding.UTF8.GetBytes(text + '\n');
        while (!buffer.IsEmpty)
        {
            var written = WriteTo(Descriptor, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }
            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    break;
                case TryAgain:
                    // The terminal or pipe is in non-blocking mode, and its buffer is full.
                    Thread.Sleep(1);
                    break;
                case var error:
                    throw new StandardOutputException(new Win32Exception(error).Message);
            }
        }
    }

    /// <summary>Returns whether standard output is closed: its descriptor is free, or belongs to a file or pipe of the runtime.</summary>
    public static bool IsClosed()
    {
        if (!OperatingSystem.IsLinux())
            return false;
        if (!IsOpenFor(Descriptor, isReading: false))
            return true;
        const string folder = "/proc/self/fd/";
        var target = new FileInfo($"{folder}{Descriptor}").LinkTarget ?? "";
        if (target.StartsWith("pipe:", StringComparison.Ordinal))
        {
            // The pipe belongs to the runtime if this process also reads from it.
            return Directory.EnumerateFileSystemEntries(folder).Any(path => int.TryParse(path.AsSpan(folder.Length), out var other)
                && other != Descriptor && new FileInfo(path).LinkTarget == target && IsOpenFor(other, isReading: true));
        }
        return target.StartsWith("/memfd:", StringComparison.Ordinal) || target.StartsWith("anon_inode:", StringComparison.Ordinal);
    }

    private static bool IsOpenFor(int descriptor, bool isReading) =>
        Control(descriptor, GetFlags) is >= 0 and var flags && ((flags & AccessMode) == ReadOnly) == isReading;

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint WriteTo(int descriptor, ref byte buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int descriptor, int command);
}

/// <summary>Represents a failure to print the result of a command.</summary>
internal sealed class StandardOutputException(string reason) : IOException($"Cannot write to standard output: {reason}.");
