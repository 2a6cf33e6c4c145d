"""What people see: values go in, text and rich renderables come out; nothing here trains or opens a file."""
